// The parts of the page. Everything that comes from outside becomes text, never
// markup.

export const $ = (id) => document.getElementById(id);
export const part = (root, name) => root.querySelector(`[data-f="${name}"]`);
export const text = (root, name, words) => { part(root, name).textContent = words; };
// made returns a copy of what a template holds.
export const made = (template) => $(template).content.cloneNode(true).firstElementChild;
