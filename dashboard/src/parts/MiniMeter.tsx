import { hub } from "../hub";
import { bandOf, onScale } from "../lib/bands";

import "./MiniMeter.css";

interface Props {
  percent: number;
  /** Without bands it is a plain share. */
  bands?: boolean;
  old: boolean;
}

/** The gauge of a device in the fleet: a slim bar in the colour of its band, with the mark. */
export function MiniMeter({ percent, bands = false, old }: Props) {
  const bounds = hub.bands.value;
  const band = old ? "old" : bands ? bandOf(percent, bounds).name : "";
  return (
    <span class={`mini-meter ${band}`} aria-hidden="true">
      <span class="fill" style={{ transform: `scaleX(${onScale(percent) / 100})` }} />
      {bands && <span class="mark" style={{ left: `${bounds.mark}%` }} />}
    </span>
  );
}
