// A part of the build: leaves out of uPlot what the panel never draws, steps, bars and curves. They hang on an object,
// where no bundler can tell that nobody asks for them.
const ASSIGNED = /^\s*\(paths\.(stepped|bars|spline)\s*=\s*\w+\);$/gm;

export function withoutUnused() {
    return {
        name: "without-unused",
        apply: "build",
        transform(code, id) {
            if (!id.endsWith("uPlot.esm.js")) return null;
            const found = code.match(ASSIGNED)?.length;
            if (found !== 3)
                throw new Error(`uPlot is not as unused.mjs knows it: ${found} of 3 lines found`);
            return { code: code.replace(ASSIGNED, ""), map: null };
        },
    };
}
