import { pageHref } from "../lib/route";
import "./Tags.css";

/** Tags of a device; each leads to all that have it. */
export function Tags({ tags }: { tags: readonly string[] }) {
  if (tags.length === 0) return null;
  return (
    <span class="tags" data-testid="tags">
      {tags.map((tag) => (
        <a key={tag} href={pageHref("fleet", { tag })}>
          {tag}
        </a>
      ))}
    </span>
  );
}
