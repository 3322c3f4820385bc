/** What a connect reply names as the server's version; the number is the package's, which a test compares. */
export const SERVER_VERSION = 'holdfast 0.1.0';
