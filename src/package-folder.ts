import { fileURLToPath } from "node:url";

/** The folder of the package that this program is. */
export const packageFolder = fileURLToPath(new URL("../", import.meta.url));

/** Where the templates of `rivulet create` are: one folder above `src`, and above `dist`. */
export const templateFolder = new URL("../templates/", import.meta.url);
