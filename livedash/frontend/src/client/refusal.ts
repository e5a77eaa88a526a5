// What an end, a bye or a status means for the line: come back, take another transport, or stay away, with words for people.
import type { End } from "../transports/contract.ts";
import type { Bye } from "../wire/messages.ts";

export type Refusal =
  | { readonly kind: "another" | "later" }
  | { readonly kind: "over"; readonly state: "failed" | "ended"; readonly reason: string; readonly fix: string };

export const TRY_ANOTHER: Refusal = { kind: "another" };
const LATER: Refusal = { kind: "later" };
const ASK_FOR_A_LINK = "ask the person who shared it for a new link";
const RELOAD = "reload the page, so that it has the server's own version of the code";
/** RFC 6455 7.4.1: protocol error, unsupported data, invalid data, message too big, missing extension. Another WebSocket would fare no better. */
const BROKEN_ON_ITS_WAY: ReadonlySet<number> = new Set([1002, 1003, 1007, 1009, 1010]);
const BAD_MESSAGE = 4100;
const NOT_ALLOWED = 4101;
const LINK_ENDED = 4102;

/** Null where the bye says to come back, which it does by saying when. */
export function refusalOfBye(bye: Bye): Refusal | null {
  if (bye.retryAfterS !== null) return null;
  switch (bye.reason) {
    case "expired":
      return { kind: "over", state: "ended", reason: "this link has expired", fix: ASK_FOR_A_LINK };
    case "revoked":
      return { kind: "over", state: "ended", reason: "this link was revoked", fix: ASK_FOR_A_LINK };
    case "not_allowed":
      return notAllowed(false);
    default:
      return { kind: "over", state: "failed", reason: `the server has ended the feed: ${bye.reason}`, fix: RELOAD };
  }
}

/** Close codes 4000–4099 come back, 4100–4199 do not. Null where the code says nothing but that the connection is gone. */
export function refusalOfClose({ closeCode, detail }: End, hasKey: boolean): Refusal | null {
  if (closeCode === undefined) return null;
  if (BROKEN_ON_ITS_WAY.has(closeCode)) return TRY_ANOTHER;
  if (closeCode < 4000 || closeCode >= 4200) return null;
  if (closeCode < BAD_MESSAGE) return LATER;
  switch (closeCode) {
    case NOT_ALLOWED:
      return notAllowed(hasKey);
    case LINK_ENDED:
      return { kind: "over", state: "ended", reason: "this link has ended", fix: ASK_FOR_A_LINK };
    default:
      return { kind: "over", state: "failed", reason: detail, fix: RELOAD };
  }
}

/** Null where the status says that the server is there but can't answer now. */
export function refusalOfStatus(status: number, detail: string, hasKey: boolean, hasEverLived: boolean): Refusal | null {
  switch (status) {
    case 401:
      return { kind: "over", state: "failed", reason: "the server does not know who you are", fix: "log in again, then reload this page" };
    case 403:
      return notAllowed(hasKey);
    case 404:
      if (hasKey && hasEverLived) return { kind: "over", state: "ended", reason: "this link has ended", fix: ASK_FOR_A_LINK };
      if (hasKey) return { kind: "over", state: "failed", reason: "this link does not exist, has expired or was revoked", fix: ASK_FOR_A_LINK };
      return {
        kind: "over",
        state: "failed",
        reason: "this server has no livedash",
        fix: "install livedash where Jupyter itself runs, then restart Jupyter",
      };
    case 400:
    case 413:
    case 414:
      return { kind: "over", state: "failed", reason: detail, fix: "show fewer rooms on one page, or let WebSockets through" };
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return LATER;
    default:
      return TRY_ANOTHER; // a proxy's page with 200, 405, 501 and the like: the feed is no way through here
  }
}

/** The answer to a plain question. What is no JSON is a page, such as a login to which the server sent us. */
export function refusalOfQuestion(status: number, detail: string, hasKey: boolean, hasEverLived: boolean): Refusal | null {
  return refusalOfStatus(status < 300 ? 401 : status, detail, hasKey, hasEverLived);
}

function notAllowed(hasKey: boolean): Refusal {
  return hasKey
    ? { kind: "over", state: "failed", reason: "this link may not read here", fix: ASK_FOR_A_LINK }
    : { kind: "over", state: "failed", reason: "your login may not read here", fix: "log in as somebody who may, then reload this page" };
}
