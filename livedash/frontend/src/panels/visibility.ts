// Which panels are where they can be seen: on the screen, or so near to it that the next scroll brings them.

const NEAR_PX = 240;

const listeners = new Map<Element, (isNear: boolean) => void>();
let observer: IntersectionObserver | null = null;

/** Calls back at each change. Until the first call the element may be seen. */
export function watchNearness(element: Element, listener: (isNear: boolean) => void): () => void {
  observer ??= new IntersectionObserver(tell, { rootMargin: `${NEAR_PX}px` });
  listeners.set(element, listener);
  observer.observe(element);
  return () => {
    listeners.delete(element);
    observer?.unobserve(element);
  };
}

function tell(entries: readonly IntersectionObserverEntry[]): void {
  for (const { target, isIntersecting } of entries) listeners.get(target)?.(isIntersecting);
}
