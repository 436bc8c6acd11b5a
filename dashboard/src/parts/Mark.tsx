import "./Mark.css";

/** The sign of Edgewise: the scale and pointer of an edgewise meter. */
export function Mark() {
  return (
    <svg class="mark-sign" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <path d="M9.5 3v18M9.5 4h8M9.5 8h4.5M9.5 12h8M9.5 16h4.5M9.5 20h8" />
      <path class="pointer" d="M7.6 9.2v5.6L2.6 12z" />
    </svg>
  );
}
