export { createMailer, type Letter, type Mailer, type MailerOptions, type Sent } from './mailer.ts';
