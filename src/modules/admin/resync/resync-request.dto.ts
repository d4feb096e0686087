import { ArrayNotEmpty, IsArray, IsBoolean, IsOptional, IsString } from 'class-validator';

const scopeList = 'a list of scope names such as ["ip/v1"], or no such field for all; GET /status names them';

/** Body of `POST /resync`. Each message says what is expected. */
export class ResyncRequestDto {
  @IsOptional()
  @IsArray({ message: scopeList })
  @ArrayNotEmpty({ message: scopeList })
  @IsString({ each: true, message: scopeList })
  scopes?: string[];

  /** Compare and report only; default false. */
  @IsOptional()
  @IsBoolean({ message: 'true or false' })
  dryRun?: boolean;
}
