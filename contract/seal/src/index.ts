export {
  fernetDecrypt,
  fernetEncrypt,
  type FernetKey,
  fernetKey,
  fernetKeyText,
  type FernetOpened,
} from './fernet.ts';
