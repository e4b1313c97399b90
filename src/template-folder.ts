/** Where the templates of `rivulet create` are: one folder above `src`, and above `dist`. */
export const templateFolder = new URL("../templates/", import.meta.url);
