// The bands of a utilisation gauge. Colour is never the only cue: each band has a word and a shape too.
import type { HubSettings } from "../api/types";

export type BandName = "normal" | "raised" | "high";
export type Bands = HubSettings["bands"];

/** Until the hub has said where they are. */
export const DEFAULT_BANDS: Bands = { raised: 50, high: 75, mark: 90 };

export interface Band {
  name: BandName;
  /** A shape that tells the bands apart without colour. */
  shape: string;
  /** Where the band begins, in percent; it ends where the next one begins. */
  from: number;
  /** Where it ends, in percent. */
  to: number;
}

/** The three bands as they are set. */
export function bandsOf({ raised, high }: Bands): [Band, Band, Band] {
  return [
    { name: "normal", shape: "●", from: 0, to: raised },
    { name: "raised", shape: "▲", from: raised, to: high },
    { name: "high", shape: "■", from: high, to: 100 },
  ];
}

/** The band of a share in percent. Decided on the rounded figure, so that text and colour always agree. */
export function bandOf(percent: number, bands: Bands): Band {
  const shown = Math.round(percent * 10) / 10;
  const [normal, raised, high] = bandsOf(bands);
  if (shown < raised.from) return normal;
  return shown < high.from ? raised : high;
}

/** A share held inside the scale of a gauge. */
export function onScale(percent: number): number {
  return Math.min(100, Math.max(0, percent));
}

/** Whether raised, high and mark can be shown on one scale: 0 < raised < high < 100, mark from 1 to 100. */
export function soundBands(bands: readonly unknown[]): boolean {
  if (bands.length !== 3 || !bands.every((at) => Number.isFinite(at))) return false;
  const [raised, high, mark] = bands as [number, number, number];
  return raised > 0 && raised < high && high < 100 && mark >= 1 && mark <= 100;
}
