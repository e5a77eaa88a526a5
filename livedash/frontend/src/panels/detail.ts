// The whole of one record, below a list of rows: what a row of one line has no room for. It stays though its record leaves the window.

export class Detail {
  readonly element = document.createElement("div");
  private readonly text = document.createElement("pre");

  constructor() {
    this.element.className = "ld-detail";
    this.element.hidden = true;
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "×";
    close.ariaLabel = close.title = "Close";
    close.onclick = () => {
      this.element.hidden = true;
    };
    this.element.append(this.text, close);
  }

  show(text: string): void {
    this.text.textContent = text;
    this.element.hidden = false;
  }
}
