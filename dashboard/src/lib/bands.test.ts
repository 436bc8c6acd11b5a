import { describe, expect, it } from "vitest";
import { bandOf, onScale } from "./bands";
import { formatValue } from "./format";

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
    expect(bandOf(percent).name).toBe(name);
  });

  it("agrees with the figure that is shown beside it", () => {
    expect(formatValue(49.96, "percent").text).toBe("50.0");
    expect(bandOf(49.96).name).toBe("raised");
    expect(formatValue(74.94, "percent").text).toBe("74.9");
    expect(bandOf(74.94).name).toBe("raised");
  });

  it("keeps a pointer on the scale", () => {
    expect([onScale(-1), onScale(33), onScale(101)]).toEqual([0, 33, 100]);
  });
});
