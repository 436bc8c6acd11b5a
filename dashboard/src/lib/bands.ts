// The bands of a utilisation gauge. Colour is never the only cue: each band has a word and a shape too.
import type { Settings } from "./settings";

export type BandName = "normal" | "raised" | "high";
export type Bands = Pick<Settings, "raised" | "high" | "mark">;

export interface Band {
  name: BandName;
  /** A shape that tells the bands apart without colour. */
  shape: string;
  /** Where the band begins, in percent; it ends where the next one begins. */
  from: number;
  /** Where it ends, in percent. */
  to: number;
}

/** The three bands as the reader set them. */
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
