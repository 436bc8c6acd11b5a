import { expect, it } from "vitest";
import type { History, Point } from "../api/types";
import { historyCsv } from "./csv";

const point = (time_ms: number, mean: number): Point => ({
  time_ms,
  mean,
  min: mean - 1,
  max: mean + 1,

  count: 12,
});

it("has a line for each time and leaves empty what is not known", () => {
  const history: History = {
    device: "roof",
    from_ms: 0,
    to_ms: 0,
    series: [
      { metric: "a", points: [point(60_000, 1.5)] },
      { metric: "b", points: [point(0, 7)] },
    ],
  };
  expect(historyCsv(history)).toBe(
    "time,a mean,a min,a max,a count,b mean,b min,b max,b count\r\n" +
      "1970-01-01T00:00:00.000Z,,,,,7,6,8,12\r\n" +
      "1970-01-01T00:01:00.000Z,1.5,0.5,2.5,12,,,,\r\n",
  );
});
