/** Makes an element. Texts become text nodes: nothing of a service is ever read as HTML. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  children: readonly (Node | string)[] = [],
): HTMLElementTagNameMap[Tag] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** A control with its label. */
export function labelled(text: string, control: HTMLElement): HTMLLabelElement {
  return element("label", {}, [`${text} `, control]);
}

/** A list to choose from. */
export function choice(options: readonly string[], selected = options[0]): HTMLSelectElement {
  const nodes = options.map((value) =>
    element("option", { value, textContent: value, selected: value === selected }),
  );
  return element("select", {}, nodes);
}
