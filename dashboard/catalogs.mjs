// A part of the build: `import url from "./pt.json?catalog"` gives the address of a language's texts, compiled from
// ICU messages to what Lingui reads. They are data, fetched for the one language that is spoken.
import { readFileSync } from "node:fs";
import { compileMessage } from "@lingui/message-utils/compileMessage";

const QUERY = "?catalog";

/** The texts of a file, compiled. Throws with the name of a message that is no ICU message. */
export function compile(file) {
    const texts = JSON.parse(readFileSync(file, "utf8"));
    const compiled = Object.entries(texts).map(([id, text]) => [id, compileMessage(text)]);
    return JSON.stringify(Object.fromEntries(compiled));
}

export function catalogs() {
    let isBuild = false;
    return {
        name: "catalogs",
        enforce: "pre",
        configResolved: (config) => void (isBuild = config.command === "build"),
        load(id) {
            if (!id.endsWith(QUERY)) return null;
            const file = id.slice(0, -QUERY.length);
            this.addWatchFile(file);
            const source = compile(file);
            if (!isBuild)
                return `export default ${JSON.stringify(`data:application/json,${encodeURIComponent(source)}`)}`;
            const name = file.split("/").pop();
            const reference = this.emitFile({ type: "asset", name, source });
            return `export default import.meta.ROLLUP_FILE_URL_${reference}`;
        },
    };
}
