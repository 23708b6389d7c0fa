import type { Answered } from "./answered.ts";

/** An address pool; the API's IPAMConfig. */
export interface IPAMConfig {
  readonly Subnet?: string;
  readonly IPRange?: string;
  readonly Gateway?: string;
  readonly AuxiliaryAddresses?: Readonly<Record<string, string>>;
}

export interface IPAM {
  readonly Driver?: string;
  readonly Config?: readonly IPAMConfig[] | null;
  readonly Options?: Readonly<Record<string, string>> | null;
}

/** Addresses asked for on one network. */
export interface EndpointIPAMConfig {
  readonly IPv4Address?: string;
  readonly IPv6Address?: string;
  readonly LinkLocalIPs?: readonly string[];
}

/** A container's endpoint on one network, as a request has it: the Engine API's EndpointSettings. */
export interface EndpointConfig {
  readonly IPAMConfig?: EndpointIPAMConfig;
  readonly Links?: readonly string[];
  readonly Aliases?: readonly string[];
  readonly MacAddress?: string;
  readonly DriverOpts?: Readonly<Record<string, string>>;
  /** From API 1.48. */
  readonly GwPriority?: number;
}

/** The same as an engine answers it, with what it gave. */
export interface EndpointSettings extends Answered<EndpointConfig> {
  readonly NetworkID?: string;
  readonly EndpointID?: string;
  readonly Gateway?: string;
  readonly IPAddress?: string;
  readonly IPPrefixLen?: number;
  readonly IPv6Gateway?: string;
  readonly GlobalIPv6Address?: string;
  readonly GlobalIPv6PrefixLen?: number;
  /** From API 1.44. */
  readonly DNSNames?: readonly string[] | null;
}

export interface NetworkingConfig {
  readonly EndpointsConfig: Readonly<Record<string, EndpointConfig>>;
}

export interface NetworkCreateConfig {
  readonly Name: string;
  readonly Driver?: string;
  readonly Internal?: boolean;
  readonly Attachable?: boolean;
  readonly Ingress?: boolean;
  readonly EnableIPv6?: boolean;
  readonly IPAM?: IPAM;
  readonly Options?: Readonly<Record<string, string>>;
  readonly Labels?: Readonly<Record<string, string>>;
  /** Always meant so from API 1.44; before, it refuses a second network of that name. */
  readonly CheckDuplicate?: boolean;
}

export interface Network {
  readonly Name: string;
  readonly Id: string;
  readonly Created: string;
  readonly Scope: "local" | "swarm" | "global";
  readonly Driver: string;
  readonly EnableIPv6: boolean;
  readonly Internal: boolean;
  readonly Attachable: boolean;
  readonly Ingress: boolean;
  readonly IPAM: IPAM;
  readonly Options: Readonly<Record<string, string>> | null;
  readonly Labels: Readonly<Record<string, string>> | null;
  /** By container id; only when inspected. Addresses are with prefix length. */
  readonly Containers?: Readonly<Record<string, NetworkContainer>> | null;
}

export interface NetworkContainer {
  readonly Name: string;
  readonly EndpointID: string;
  readonly MacAddress: string;
  readonly IPv4Address: string;
  readonly IPv6Address: string;
}
