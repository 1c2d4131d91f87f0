// A certified OpenID provider, with accounts and clients of a test, and some ways to go wrong.
// Usage: node server.js PORT REDIRECT_URI
import { Provider } from "oidc-provider";

const [port, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

// Whoever signs in says by the login what they are: `alice:officer+supervisor:1234:Centre`.
function claims(login) {
  const [name, roles, officer, teams] = login.split(":");
  return {
    sub: name,
    name,
    roles: roles ? roles.split("+") : [],
    realm_access: { roles: roles ? roles.split("+") : [] },
    officer: officer || undefined,
    teams: teams ? teams.split("+") : [],
  };
}

const client = {
  redirect_uris: [redirectUri],
  response_types: ["code"],
  grant_types: ["authorization_code"],
};

const provider = new Provider(issuer, {
  clients: [
    { ...client, client_id: "beatkeeper", client_secret: "a secret/of the client" },
    { ...client, client_id: "phone", token_endpoint_auth_method: "none" },
    { ...client, client_id: "another", client_secret: "another secret" },
  ],
  claims: { openid: ["sub"], profile: ["name", "roles", "realm_access", "officer", "teams"] },
  scopes: ["openid", "profile", "email"],
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  findAccount: (_context, login) => ({ accountId: login, claims: () => claims(login) }),
  cookies: { keys: ["the key of a provider that lives as long as a test run"] },
  ttl: { Session: 60, Interaction: 60, Grant: 60, AuthorizationCode: 60, AccessToken: 60, IdToken: 3600 },
});

provider.listen(Number(port), "127.0.0.1", () => console.log(`listens: ${issuer}`));
