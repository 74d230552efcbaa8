/**
 * The time at the start of a line: -r, -t, -tt, -ttt. Interface: Clock, StampStyle, stamp.
 */
export type StampStyle = 'none' | 'relative' | 'time' | 'micro' | 'epoch';

/** The time now; `offsetMinutes` is how far local time is ahead of UTC. */
export type Clock = () => {
  readonly monotonicNs: number;
  readonly realtimeMs: number;
  readonly offsetMinutes: number;
};

export function stamp(style: StampStyle, now: ReturnType<Clock>, lastNs: number): string {
  const micros = Math.floor(now.realtimeMs * 1000);
  const fraction = String(((micros % 1e6) + 1e6) % 1e6).padStart(6, '0');
  switch (style) {
    case 'none':
      return '';
    case 'relative': {
      const passed = Number.isNaN(lastNs) ? 0 : Math.floor((now.monotonicNs - lastNs) / 1000);
      return `${String(Math.floor(passed / 1e6)).padStart(6)}.${String(passed % 1e6).padStart(6, '0')} `;
    }
    case 'epoch':
      return `${Math.floor(micros / 1e6)}.${fraction} `;
    default: {
      const second = Math.floor(micros / 1e6) + now.offsetMinutes * 60;
      const day = ((second % 86400) + 86400) % 86400;
      const clock = [Math.floor(day / 3600), Math.floor(day / 60) % 60, day % 60];
      const text = clock.map((part) => String(part).padStart(2, '0')).join(':');
      return style === 'micro' ? `${text}.${fraction} ` : `${text} `;
    }
  }
}
