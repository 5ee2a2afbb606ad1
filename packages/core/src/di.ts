// tsyringe refuses to load without reflect-metadata, so both come through here, in this order.
import 'reflect-metadata'

export { container, type DependencyContainer, inject, injectable, instanceCachingFactory } from 'tsyringe'
