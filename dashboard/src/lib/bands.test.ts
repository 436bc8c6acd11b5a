import { describe, expect, it } from "vitest";
import { bandOf, bandsOf, DEFAULT_BANDS, onScale, soundBands } from "./bands";
import { formatValue } from "./format";
import { DEFAULTS } from "./settings";

describe("bands", () => {
  it.each([
    [0, "normal"],
    [49.9, "normal"],
    [50, "raised"],
    [74.9, "raised"],
    [75, "high"],
    [100, "high"],
    [-3, "normal"],
    [120, "high"],
  ])("%d percent is %s", (percent, name) => {
    expect(bandOf(percent, DEFAULT_BANDS).name).toBe(name);
  });

  it("agrees with the figure that is shown beside it", () => {
    const text = (value: number) =>
      formatValue(value, "percent", { ...DEFAULTS, locale: "en", yes: "", no: "" }).text;
    expect(text(49.96)).toBe("50.0");
    expect(bandOf(49.96, DEFAULT_BANDS).name).toBe("raised");
    expect(text(74.94)).toBe("74.9");
    expect(bandOf(74.94, DEFAULT_BANDS).name).toBe("raised");
  });

  it("are where the reader set them", () => {
    const bands = { raised: 20, high: 30, mark: 95 };
    expect(bandOf(25, bands).name).toBe("raised");
    expect(bandsOf(bands).map(({ from, to }) => [from, to])).toEqual([
      [0, 20],
      [20, 30],
      [30, 100],
    ]);
  });

  it("keeps a pointer on the scale", () => {
    expect([onScale(-1), onScale(33), onScale(101)]).toEqual([0, 33, 100]);
  });
});

it("takes only bands that fit on one scale", () => {
  expect(soundBands([50, 75, 90])).toBe(true);
  for (const bands of [
    [75, 50, 90],
    [0, 50, 90],
    [50, 100, 90],
    [50, 75, 0],
    [50, 75, 101],
    [50, Number.NaN, 90],
  ]) {
    expect(soundBands(bands)).toBe(false);
  }
});
