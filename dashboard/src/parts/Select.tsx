interface Props<T extends string> {
  label: string;
  of: readonly { value: T; label: string; lang?: string }[];
  value: T | undefined;
  onChoose: (value: T) => void;
  testid?: string;
}

/** A list of which one is chosen. */
export function Select<T extends string>({ label, of, value, onChoose, testid }: Props<T>) {
  return (
    <select
      aria-label={label}
      value={value}
      data-testid={testid}
      onChange={(event) => onChoose(event.currentTarget.value as T)}
    >
      {of.map((one) => (
        <option key={one.value} value={one.value} lang={one.lang}>
          {one.label}
        </option>
      ))}
    </select>
  );
}
