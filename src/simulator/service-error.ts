/** An answer of the service that is not 200. `type` is the shape name as the wire carries it, namespace included. */
export class ServiceError extends Error {
  readonly type: string;
  readonly status: number;

  constructor(type: string, message: string, status = 400) {
    super(message);
    this.name = 'ServiceError';
    this.type = type;
    this.status = status;
  }
}

/** An error that the DynamoDB model declares, such as ResourceNotFoundException. */
export function modelError(name: string, message: string, status = 400): ServiceError {
  return new ServiceError(`com.amazonaws.dynamodb.v20120810#${name}`, message, status);
}

/** An error of the framework in front of DynamoDB: authentication, serialization, unknown operations. */
export function frameworkError(name: string, message: string, status = 400): ServiceError {
  return new ServiceError(`com.amazon.coral.service#${name}`, message, status);
}

export function validationError(message: string): ServiceError {
  return new ServiceError('com.amazon.coral.validate#ValidationException', message);
}

export function tableNotFound(table: string): ServiceError {
  return modelError('ResourceNotFoundException', `Requested resource not found: Table: ${table} not found`);
}

export function trimmedDataAccess(): ServiceError {
  return modelError(
    'TrimmedDataAccessException',
    'The operation attempted to read past the oldest stream record in a shard',
  );
}

const THROTTLE_MESSAGES = {
  ProvisionedThroughputExceededException:
    'The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.',
  ThrottlingException: 'Rate of requests exceeds the allowed throughput.',
  LimitExceededException: 'Rate of requests exceeds the allowed throughput.',
  RequestLimitExceeded:
    'Throughput exceeds the current throughput limit for your account. Please contact AWS Support at https://aws.amazon.com/support to request a limit increase.',
};

/** The ways in which DynamoDB throttles: a table's units, the rate of an action, readers of a shard, an account's quota. */
export type Throttle = keyof typeof THROTTLE_MESSAGES;

export function throttled(error: Throttle): ServiceError {
  return modelError(error, THROTTLE_MESSAGES[error]);
}
