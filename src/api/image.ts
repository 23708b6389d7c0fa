import type { Answered } from "./answered.ts";
import type { ContainerConfig } from "./container-config.ts";

/** Engine API, "ImageSummary": an image in the list of all. */
export interface ImageSummary {
  readonly Id: string;
  readonly ParentId: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  /** Unix time, seconds. */
  readonly Created: number;
  /** Bytes. */
  readonly Size: number;
  readonly Labels: Readonly<Record<string, string>> | null;
  /** -1 when not counted. */
  readonly Containers: number;
}

/** Engine API, "ImageInspect". */
export interface ImageInspect {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  readonly Parent?: string;
  readonly Comment?: string;
  readonly Created?: string;
  readonly Author?: string;
  readonly Config?: Answered<ContainerConfig> | null;
  readonly Architecture: string;
  readonly Os: string;
  readonly Size: number;
  readonly GraphDriver?: { readonly Name: string; readonly Data: Readonly<Record<string, string>> | null };
  readonly RootFS: { readonly Type: string; readonly Layers?: readonly string[] | null };
}
