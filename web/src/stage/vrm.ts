import type { Head } from "./head.ts";
import type { Inspection } from "./inspect.ts";
export function vrmHead(_bytes: ArrayBuffer, _inspection: Inspection, _cheap: boolean): Promise<Head> { throw new Error("later"); }
