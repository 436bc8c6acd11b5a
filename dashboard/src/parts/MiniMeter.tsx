import { bandOf, onScale } from "../lib/bands";
import { reader } from "../reader";
import "./MiniMeter.css";

interface Props {
  percent: number;
  /** Without bands it is a plain share. */
  bands?: boolean;
  old: boolean;
}

/** The gauge of a device in the fleet: a slim bar in the colour of its band, with the mark. */
export function MiniMeter({ percent, bands = false, old }: Props) {
  const settings = reader.settings.value;
  const band = old ? "old" : bands ? bandOf(percent, settings).name : "";
  return (
    <span class={`mini-meter ${band}`} aria-hidden="true">
      <span class="fill" style={{ transform: `scaleX(${onScale(percent) / 100})` }} />
      {bands && <span class="mark" style={{ left: `${settings.mark}%` }} />}
    </span>
  );
}
