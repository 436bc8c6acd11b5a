// The bands of a utilisation gauge. Colour is never the only cue: each band has a word and a shape too.

export type BandName = "normal" | "raised" | "high";

export interface Band {
  name: BandName;
  /** A shape that tells the bands apart without colour. */
  shape: string;
  /** Where the band begins, in percent; it ends where the next one begins. */
  from: number;
  /** Where it ends, in percent. */
  to: number;
}

export const BANDS: readonly [Band, Band, Band] = [
  { name: "normal", shape: "●", from: 0, to: 50 },
  { name: "raised", shape: "▲", from: 50, to: 75 },
  { name: "high", shape: "■", from: 75, to: 100 },
];

/** Where a gauge carries its mark, in percent. */
export const MARK_PERCENT = 90;

/** The band of a share in percent. Decided on the rounded figure, so that text and colour always agree. */
export function bandOf(percent: number): Band {
  const shown = Math.round(percent * 10) / 10;
  const [normal, raised, high] = BANDS;
  if (shown < raised.from) return normal;
  return shown < high.from ? raised : high;
}

/** A share held inside the scale of a gauge. */
export function onScale(percent: number): number {
  return Math.min(100, Math.max(0, percent));
}
