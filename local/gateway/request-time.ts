const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A time in the Common Log Format as API Gateway's events carry it: `09/Feb/2024:18:11:43 +0000`. */
export function requestTime(epochMs: number): string {
  const time = new Date(epochMs);
  const [year, , day] = time.toISOString().slice(0, 10).split('-');
  return `${day}/${MONTHS[time.getUTCMonth()]}/${year}:${time.toISOString().slice(11, 19)} +0000`;
}
