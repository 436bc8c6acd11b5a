interface Props<T extends string | number> {
  label: string;
  of: readonly { value: T; label: string }[];
  /** One that is not among them leaves all unchosen. */
  value: T | undefined;
  onChoose: (value: T) => void;
}

/** A row of buttons of which one is chosen. */
export function Choice<T extends string | number>({ label, of, value, onChoose }: Props<T>) {
  return (
    <div class="choice" role="group" aria-label={label}>
      {of.map((one) => (
        <button
          type="button"
          key={one.value}
          aria-pressed={one.value === value}
          onClick={() => onChoose(one.value)}
        >
          {one.label}
        </button>
      ))}
    </div>
  );
}
