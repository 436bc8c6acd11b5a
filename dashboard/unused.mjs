// A part of the build: leaves out of uPlot what the panel never draws, where no bundler can tell that nobody asks for it:
// steps, bars and curves, logarithmic scales, its legend, and its names of days and months (the panel has its own labels).
const ENDS = "uPlot.esm.js";

/** Functions that are called with nothing that the panel sets; what they give is read by nobody. */
const FUNCTIONS = [
    "rangeLog",
    "rangeAsinh",
    "logAxisSplits",
    "asinhAxisSplits",
    "log10AxisValsFilt",
    "log2AxisValsFilt",
    "fmtDate",
    "tzDate",
    "timeAxisStamps",
    "timeAxisVals",
    "timeAxisVal",
    "timeSeriesStamp",
    "timeSeriesVal",
    "numSeriesVal",
];

/** What is found, how often, and what stands there instead. */
const CHANGES = [
    [/^\s*\(paths\.(stepped|bars|spline)\s*=\s*\w+\);$/gm, 3, ""],
    [/^\s*uPlot\.(fmtDate|tzDate)\s*=\s*\w+;$/gm, 2, ""],
    [/const showLegend = legend\.show;/g, 1, "const showLegend = false;"],
    ...FUNCTIONS.map((name) => [
        new RegExp(`^function ${name}\\([^]*?^}$`, "gm"),
        1,
        `function ${name}() {}`,
    ]),
];

/** uPlot's script without all that. Throws when it is not as it was when this was written. */
export function lighter(code) {
    return CHANGES.reduce((text, [pattern, times, instead]) => {
        const found = text.match(pattern)?.length ?? 0;
        if (found !== times)
            throw new Error(
                `uPlot is not as unused.mjs knows it: ${pattern} is there ${found} times, not ${times}`,
            );
        return text.replace(pattern, instead);
    }, code);
}

export function withoutUnused() {
    return {
        name: "without-unused",
        apply: "build",
        transform: (code, id) => (id.endsWith(ENDS) ? { code: lighter(code), map: null } : null),
    };
}
