// The event-stream parser, by html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream.

/** `id` is the stream's last id up to here, as Last-Event-ID would send it. */
export interface SseEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string;
}

const MAX_EVENT_CHARACTERS = 256 * 1024 * 1024; // above the publish bound of 64 MiB, however it is escaped: more is no stream of ours
const MAX_RETRY_MS = 86_400_000; // a day: timers end at 2^31, and what is beyond fires at once

/** Feed it bytes in pieces of any size; it gives the events that are whole. */
export class SseParser {
  retryMs: number | null = null;
  /** The id of the last dispatched block. */
  lastEventId = "";
  comments = 0;
  /** Leaves byte order marks alone: an engine that drops the first one may drop a second, where the stream comes in small pieces. */
  private readonly decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  private isAtStart = true;
  private rest = ""; // of the line that has not ended
  private endedInCr = false;
  private data: string[] = [];
  private dataCharacters = 0;
  private event = "";
  private id = "";

  feed(bytes: Uint8Array): SseEvent[] {
    const events: SseEvent[] = [];
    for (const line of this.lines(this.withoutMark(this.decoder.decode(bytes, { stream: true })))) {
      const event = line === "" ? this.dispatch() : this.field(line);
      if (event) events.push(event);
    }
    return events;
  }

  /** One byte order mark at the start of the stream is no part of it. */
  private withoutMark(text: string): string {
    if (text === "" || !this.isAtStart) return text;
    this.isAtStart = false;
    return text.startsWith("\ufeff") ? text.slice(1) : text;
  }

  /** The lines that end in `text`. A CR ends one at once, and the LF that may follow it, in the next piece too, belongs to it. */
  private lines(text: string): string[] {
    if (text === "") return [];
    const lines = (this.endedInCr && text.startsWith("\n") ? text.slice(1) : text).split(/\r\n|\n|\r/);
    this.endedInCr = text.endsWith("\r");
    lines[0] = this.rest + lines[0]!;
    this.rest = lines.pop()!;
    if (this.rest.length > MAX_EVENT_CHARACTERS) throw new RangeError("a line of an event stream that does not end");
    return lines;
  }

  private field(line: string): null {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    switch (name) {
      case "data":
        this.dataCharacters += value.length;
        if (this.dataCharacters > MAX_EVENT_CHARACTERS) throw new RangeError("an event that does not end");
        this.data.push(value);
        break;
      case "event":
        this.event = value;
        break;
      case "id":
        if (!value.includes("\0")) this.id = value;
        break;
      case "retry":
        if (/^[0-9]+$/.test(value)) this.retryMs = Math.min(Number(value), MAX_RETRY_MS);
        break;
      case "":
        this.comments++;
        break;
    }
    return null;
  }

  private dispatch(): SseEvent | null {
    this.lastEventId = this.id;
    const event = this.data.length > 0 ? { event: this.event || "message", data: this.data.join("\n"), id: this.id } : null;
    this.data = [];
    this.dataCharacters = 0;
    this.event = "";
    return event;
  }
}
