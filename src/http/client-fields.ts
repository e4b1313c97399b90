import { wholeNumber } from "../core/config-field.ts";

/**
 * Configuration fields for the HTTP client, shared by all sources: time limit, retries,
 * concurrency.
 */
export const clientFields = {
  request_timeout_seconds: wholeNumber(
    { min: 1, max: 3600 },
    { description: "Time limit for one request." },
  ).default(60),
  retry_attempts: wholeNumber(
    { min: 0, max: 100 },
    { description: "Retries after a temporary failure." },
  ).default(5),
  concurrency: wholeNumber(
    { min: 1, max: 64 },
    {
      description: "Maximum parallel requests; reduced when the service slows down.",
    },
  ).default(8),
};
