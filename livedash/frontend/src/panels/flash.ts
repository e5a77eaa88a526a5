// A short tint of what has changed, as an animation of the style sheet's: `ld-flash-a` and `ld-flash-b` are the same one under two names, since an
// animation begins anew only under another name.

/** Between two flashes of one element. WCAG 2.3.1: what flashes more than three times a second can harm, whatever the rate of the records. */
export const AGAIN_MS = 350;

const NAMES = ["ld-flash-a", "ld-flash-b"] as const;
const began = new WeakMap<HTMLElement, number>();

export type Tone = "up" | "down" | "changed" | "new";

/** False where the last one began too short a time ago. */
export function flash(element: HTMLElement, tone: Tone, nowMs: number): boolean {
  if (nowMs - (began.get(element) ?? -Infinity) < AGAIN_MS) return false;
  began.set(element, nowMs);
  const [first, second] = NAMES;
  const isSecond = element.classList.contains(first);
  element.classList.toggle(first, !isSecond);
  element.classList.toggle(second, isSecond);
  element.dataset.tone = tone;
  return true;
}

/** The element shows something else from now on. */
export function stopFlash(element: HTMLElement): void {
  element.classList.remove(...NAMES);
  began.delete(element);
}

/** Takes off what is over: what is hidden and shown again would begin anew. */
export function endFlashesIn(root: HTMLElement): void {
  const end = ({ target, animationName }: AnimationEvent): void => (target as HTMLElement).classList.remove(animationName);
  root.addEventListener("animationend", end);
  root.addEventListener("animationcancel", end);
}
