/** @throws Error where the page was loaded over plain HTTP, to which browsers give no clipboard */
export async function copyText(text: string): Promise<void> {
  if (!isSecureContext) throw new Error('Your browser lets pages copy over HTTPS only. Select the text and copy it yourself.');
  await navigator.clipboard.writeText(text);
}
