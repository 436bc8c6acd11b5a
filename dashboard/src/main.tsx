import { render } from "preact";
import { App } from "./App";
import { reader } from "./reader";
import "./style.css";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no element #app");
try {
  await reader.start();
  render(<App />, target);
} catch (error) {
  // Without texts there is no page; this is the one line that every language shares.
  target.textContent = `Edgewise: ${error instanceof Error ? error.message : String(error)}`;
}
