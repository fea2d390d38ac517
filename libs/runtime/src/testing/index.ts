export { issue, type Issued, type IssueOptions } from './certificates.ts'
export { freePort } from './free-port.ts'
