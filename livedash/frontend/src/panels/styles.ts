// The panels' style sheet, put once into each document or shadow root that shows one.
import uplot from "uplot/dist/uPlot.min.css";
import own from "./styles.css";

const MARK = "data-livedash-styles";

/** Asked again when the element was moved: the root that it lives in may be another one. */
export function addStyles(element: Element): void {
  const root = element.getRootNode();
  const place = root instanceof ShadowRoot ? root : document.head;
  if (place.querySelector(`style[${MARK}]`)) return; // also what another copy of this module has put there
  const style = document.createElement("style");
  style.setAttribute(MARK, "");
  style.textContent = uplot + own;
  place.append(style);
}
