// What stands in a panel's own place where it has nothing to draw, or has ended: what it waits for, or the reason and the fix.
import type { FailingSource } from "../client/contract.ts";
import type { ReadableFeed } from "./feed.ts";
import { namesOf } from "./format.ts";

export class Message {
  readonly element = document.createElement("div");
  private shown = "";

  constructor() {
    this.element.className = "ld-message";
    this.element.setAttribute("role", "status");
  }

  show({ status, rooms }: ReadableFeed, isDrawn: boolean): void {
    const { state, reason, fix, failing = [] } = status;
    const isBroken = state === "failed" || state === "ended";
    const isFailing = !isBroken && failing.length > 0;
    const [head, rest] = isBroken
      ? [this.why(isDrawn, rooms, reason), fix ?? ""]
      : isFailing
        ? this.fails(failing)
        : this.waits(state === "connecting", rooms);
    const shown = JSON.stringify([isDrawn, isBroken, isFailing, head, rest]);
    if (shown === this.shown) return;
    this.shown = shown;
    this.element.hidden = isDrawn && !isBroken && !isFailing;
    this.element.classList.toggle("ld-broken", isBroken || isFailing);
    const strong = document.createElement("b");
    strong.textContent = head;
    this.element.replaceChildren(strong, ` ${rest}`);
  }

  private why(isDrawn: boolean, rooms: readonly string[], reason = "unknown reason"): string {
    return isDrawn ? `No longer live: ${reason}.` : `Can’t show ${namesOf(rooms)}: ${reason}.`;
  }

  private fails(failing: readonly FailingSource[]): [string, string] {
    const names = failing.map(({ name }) => name).join(", ");
    const errors = [...new Set(failing.map(({ error }) => error))].filter(Boolean).join("; ");
    return [`Source ${names} ${failing.length > 1 ? "fail" : "fails"}.`, `${errors && `${errors}. `}It is tried again.`];
  }

  private waits(isConnecting: boolean, rooms: readonly string[]): [string, string] {
    return isConnecting ? ["", "Connecting…"] : ["", rooms.includes("*") ? "Waiting for the first record" : `Waiting for the first record in ${rooms.join(", ")}`];
  }
}
