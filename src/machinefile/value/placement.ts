import { invalid } from "./invalid.ts";

/** A node's host name, in the characters that a constraint can hold. */
export function parseNode(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(text))
    throw invalid("node", text, "example: server1; a host name of `docker node ls`");
  return text;
}

/** A placement constraint as `docker service create --constraint` takes it. */
export function parseConstraint(text: string): string {
  if (!/^(?:node|engine)\.[A-Za-z0-9_.-]+\s*[!=]=\s*[^\s=!][^\r\n]*$/.test(text)) {
    throw invalid("constraint", text, "example: node.labels.disk==ssd or node.role!=manager");
  }
  return text;
}

/** The name of a network of the swarm. */
export function parseNetworkName(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(text))
    throw invalid("network", text, "example: application; a name of `docker network ls`");
  return text;
}

/** 0 or 1: a folder is the root of one machine. */
export function parseReplicas(input: string | number): number {
  const text = String(input).trim();
  if (!/^[01]$/.test(text)) throw invalid("number of machines", text, "0 or 1: a root takes one at a time");
  return Number(text);
}

/** How often a task is started again; 0 is without end. */
export function parseAttempts(input: string | number): number {
  const text = String(input).trim();
  if (!/^\d{1,9}$/.test(text)) throw invalid("number of attempts", text, "example: 3; 0 is without end");
  return Number(text);
}

/** `stop-first`, the one order that a root allows. */
export function parseOrder(text: string): "stop-first" {
  if (text !== "stop-first") throw invalid("order", text, "stop-first: a root takes one machine at a time");
  return text;
}
