import type { ReactElement } from 'react';

const WIDTH = 120;
const HEIGHT = 28;

/** The last values of a number, oldest first. Decoration: the number itself stands beside it. */
export function Sparkline({ values }: { values: readonly number[] }): ReactElement | null {
  if (values.length < 2) return null;
  const max = Math.max(...values, 1e-12);
  const step = WIDTH / (values.length - 1);
  const points = values.map(
    (value, index) => [index * step, HEIGHT - 2 - (value / max) * (HEIGHT - 4)] as const,
  );
  const line = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  return (
    <svg
      aria-hidden
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className="text-accent h-7 w-full"
    >
      <polygon points={`0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}`} className="fill-accent-soft" />
      <polyline
        points={line}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
