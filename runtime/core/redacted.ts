/** What stands in the place of a value that is never shown (`@redact`). */
export const redactedText = "‹redacted›";
