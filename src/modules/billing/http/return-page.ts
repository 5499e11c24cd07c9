/** It shows nothing of a user: the status needs an access token. */
export const RETURN_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>body { max-width: 40rem; margin: 4rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif }</style>
<title>Back from the payment page</title>
<h1>You are back</h1>
<p>If you paid, you have the Pro plan now. <code>GET /subscription/status?checkout_session_id=…</code>, with the id in this page’s address, shows it.
If you did not pay, nothing was charged.</p>
<p>Set <code>FRONTEND_URL</code> to send payers to your own app instead of this page.</p>
</html>
`;
