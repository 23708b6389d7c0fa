/** The example of docs/machine-file.md; a test reads it. */
export const exampleMachineFile = `name: shop                        # otherwise the directory's name
network:
  domain: shop.example            # otherwise shop.internal
  subnet: 10.72.0.0/24            # otherwise a free one
defaults:
  image: debian-12
  memory: 512M
images:
  debian-12: {base: scratch, os: debian, release: bookworm, packages: [openssh-server]}
  rescue: {tarball: ./rescue.tar}
machines:
  web:
    address: 10.72.0.10           # otherwise allocated once and kept
    aliases: [www]
    publish: [80, "8443:443"]     # ports of the host
    cpus: 1.5
    volumes: ["data:/srv", "./site:/var/www:ro"]
    environment: {STAGE: "\${STAGE:-test}"}
    capabilities: [NET_ADMIN]
    depends_on: [db]
  db: {}
  spare:
    image: rescue
    restart: "no"
    stop_timeout: 30s
`;
