import { z } from 'zod';

/** Shapes of an OpenSSF Model Signing bundle (model_signing 1.x over Sigstore bundle v0.3). */

export const sigstoreMediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
export const inTotoPayloadType = 'application/vnd.in-toto+json';

/** Other fields are allowed, as the library allows them. */
export const omsBundleSchema = z.object({
  mediaType: z.literal(sigstoreMediaType),
  verificationMaterial: z.object({
    publicKey: z.object({ hint: z.string().nullish() }),
    tlogEntries: z.array(z.unknown()).nullish(),
  }),
  dsseEnvelope: z.object({
    payload: z.string(),
    payloadType: z.literal(inTotoPayloadType),
    signatures: z.array(z.object({ sig: z.string(), keyid: z.string().nullish() })).min(1),
  }),
});
export type OmsBundle = z.infer<typeof omsBundleSchema>;

export const statementSchema = z.object({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.tuple([
    z.object({
      name: z.string(),
      digest: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
    }),
  ]),
  predicateType: z.literal('https://model_signing/signature/v1.0'),
  predicate: z.object({
    serialization: z.discriminatedUnion('method', [
      z.object({
        method: z.literal('files'),
        hash_type: z.literal('sha256'),
        ignore_paths: z.array(z.string()).default([]),
      }),
      z.object({
        method: z.literal('shards'),
        hash_type: z.literal('sha256'),
        shard_size: z.number().int().positive(),
        ignore_paths: z.array(z.string()).default([]),
      }),
    ]),
    resources: z.array(
      z.object({
        name: z.string().min(1),
        // The library names a shard's algorithm after its size, such as `sha256-sharded-1000000000`.
        algorithm: z.string().regex(/^sha256(-sharded-\d+)?$/),
        digest: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    ),
  }),
});
export type Statement = z.infer<typeof statementSchema>;
