/** @type {import("@sveltejs/vite-plugin-svelte").SvelteConfig} */
export default {
    compilerOptions: {
        // Spelled-out table roles are not redundant where the phone layout gives a table `display: grid`,
        // which takes its own roles away.
        warningFilter: ({ code }) => code !== "a11y_no_redundant_roles",
    },
};
