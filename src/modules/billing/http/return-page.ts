/** Knows nothing of who looks at it: the status is for those who can sign in. */
export const RETURN_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>body { max-width: 40rem; margin: 4rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif }</style>
<title>Back from the payment page</title>
<h1>You are back</h1>
<p>If you paid, the Pro plan holds from now on: <code>GET /subscription/status?checkout_session_id=…</code> with the id in this page’s address says so.
If you changed your mind, nothing was charged.</p>
<p>An app of your own takes the place of this page when <code>FRONTEND_URL</code> is set.</p>
</html>
`;
