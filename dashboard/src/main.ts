import { mount } from "svelte";
import App from "./App.svelte";
import { reader } from "./settings.svelte";
import "./style.css";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no element #app");
try {
  await reader.start();
  mount(App, { target });
} catch (error) {
  // Without texts there is no page; this is the one line that every language shares.
  target.textContent = `Edgewise: ${error instanceof Error ? error.message : String(error)}`;
}
