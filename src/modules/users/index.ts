/**
 * User accounts: names, mobile numbers, passwords and profiles. Sign-in and sessions belong to the module `auth`.
 */
export { canBeMobile, canonicalNumber, spellingsOf } from './mobile-number.js';
export { UsersModule } from './users.module.js';
export { type SignUpInput, UsersService } from './users.service.js';
export type { PasswordChange, UserCredentials, UserProfile } from './users.repository.js';
export {
  AdministratorUnverifiedError,
  EmailTakenError,
  InvalidCredentialsError,
  LastAdministratorError,
  MobileNumberTakenError,
  UsernameTakenError,
} from './users.errors.js';
export { PasswordsService } from './passwords.service.js';
export { PASSWORD_LENGTH, PASSWORD_RULE } from './password-rules.js';
export { USERNAME_PATTERN, USERNAME_RULE } from './username.js';
export { UserEntity } from './user.entity.js';
export { toUserResponse, UserResponse } from './user.response.js';
export { deleteUser } from './erasure.js';
export { USERS_RETENTION } from './retention.js';
