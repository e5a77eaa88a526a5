// A chart's legend: its series with their colours and live values. A click hides a series, or shows it again.

export interface LegendEntry {
  /** Unique within the chart. */
  readonly label: string;
  readonly colour: string;
}

interface Key {
  readonly element: HTMLButtonElement;
  readonly swatch: HTMLElement;
  readonly value: Text;
}

export class Legend {
  readonly element = document.createElement("div");
  private readonly hidden = new Set<string>();
  private keys: Key[] = [];
  private entries: readonly LegendEntry[] = [];

  constructor(private readonly onChange: () => void) {
    this.element.className = "ld-legend";
  }

  isHidden(label: string): boolean {
    return this.hidden.has(label);
  }

  show(entries: readonly LegendEntry[]): void {
    this.entries = entries;
    this.keys = entries.map((entry) => this.newKey(entry));
    this.element.replaceChildren(...this.keys.map(({ element }) => element));
  }

  /** In the order of the entries. */
  setValues(texts: readonly string[]): void {
    texts.forEach((text, at) => {
      const value = this.keys[at]?.value;
      if (value && value.data !== text) value.data = text;
    });
  }

  private newKey({ label, colour }: LegendEntry): Key {
    const element = document.createElement("button");
    element.type = "button";
    element.className = "ld-key";
    element.title = `${label}: click to hide or show`;
    const swatch = document.createElement("i");
    swatch.style.background = colour;
    const name = document.createElement("span");
    name.textContent = label;
    const value = document.createTextNode("");
    const number = document.createElement("b");
    number.append(value);
    element.append(swatch, name, number);
    element.onclick = () => this.toggle(label);
    const key = { element, swatch, value };
    this.press(key, label);
    return key;
  }

  private toggle(label: string): void {
    if (!this.hidden.delete(label)) this.hidden.add(label);
    this.entries.forEach((entry, at) => this.press(this.keys[at]!, entry.label));
    this.onChange();
  }

  private press({ element }: Key, label: string): void {
    element.setAttribute("aria-pressed", String(!this.hidden.has(label)));
  }
}
