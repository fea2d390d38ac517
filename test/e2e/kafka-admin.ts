import { Kafka, logLevel } from 'kafkajs'

/** Over a client of its own that is closed again. */
export async function withAdmin<T>(bootstrap: string, act: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    return await act(admin)
  } finally {
    await admin.disconnect()
  }
}
