import { testDelivery } from './testing/delivery-tests.js';

testDelivery('rabbitmq');
