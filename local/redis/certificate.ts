import { generate } from 'selfsigned';

/** PEM texts of a server certificate and of the authority that signed it. */
export interface LoopbackCertificate {
  readonly authority: string;
  readonly certificate: string;
  readonly privateKey: string;
}

/**
 * Makes an authority and a certificate for `localhost`, `127.0.0.1` and `::1`, valid for a year. The authority's key is
 * dropped, so that trusting it trusts nothing else.
 */
export async function loopbackCertificate(): Promise<LoopbackCertificate> {
  const common = { keyType: 'ec', algorithm: 'sha256' } as const;
  const authority = await generate([{ name: 'commonName', value: 'Holdfast local authority' }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: 'localhost' }], {
    ...common,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  return { authority: authority.cert, certificate: server.cert, privateKey: server.private };
}
