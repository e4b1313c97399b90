import { wholeNumber } from "../core/config-field.ts";

/** The keys of a source's configuration that say how patiently, and how many at a time, its service is asked. */
export const clientFields = {
  request_timeout_seconds: wholeNumber(
    { min: 1, max: 3600 },
    { description: "How long one request may take." },
  ).default(60),
  retry_attempts: wholeNumber(
    { min: 0, max: 100 },
    { description: "How often a request that failed in passing is sent again." },
  ).default(5),
  concurrency: wholeNumber(
    { min: 1, max: 64 },
    {
      description: "Requests at the same time, at most; fewer while the service cannot keep up.",
    },
  ).default(8),
};
